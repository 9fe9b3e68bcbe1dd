"""No test uses, or fills, the cache of the user who runs it."""

import os
import tempfile

os.environ["RESEED_CACHE_DIR"] = tempfile.mkdtemp(prefix="reseed-cache-")

"""Many modules' facts to one linked program: what runs in workers, and what it draws from."""

from reseed.program.link import analyse
from reseed.program.linking import Project
from reseed.program.model import DatasetEntry, Loader, Place, Program
from reseed.program.openness import depends_on_importers

__all__ = ["DatasetEntry", "Loader", "Place", "Program", "Project", "analyse", "depends_on_importers"]

"""What is known of NumPy, PyTorch and the libraries around them, as tables.

Every table is a tuple of frozen rows, and every row names its source: the package, version and file it was read from,
or ``measured: <package> <version>`` where a run showed it. The functions beside the tables look rows up by
*external path*: the dotted name of something outside the analysed project, import aliases already resolved, with ``()``
for a call's result (``numpy.random.rand``, ``scipy.stats.norm().rvs``).
"""

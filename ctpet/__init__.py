"""ctpet: synthetic FDG-PET in SUV from a CT study.

The Python API lives in :mod:`ctpet.api` and has the same names as the commands.
Importing this package alone costs nothing.
"""

__version__ = "0.1.0"

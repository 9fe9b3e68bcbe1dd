"""Find and repair random numbers that PyTorch DataLoader workers share."""

__version__ = "0.1.0"

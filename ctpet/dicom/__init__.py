"""DICOM in and out: what a series is, whether it can be trusted, its pixels, and our own PET."""

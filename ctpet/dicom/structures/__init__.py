"""Structures that someone marked: segments of a DICOM SEG, regions of an RTSTRUCT."""

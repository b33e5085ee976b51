"""What serves ctpet to others over a network: a DICOM node, and a page."""

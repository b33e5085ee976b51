"""The modules of the PET Image IOD (PS3.3 A.21), one file each, as ctpet fills them."""

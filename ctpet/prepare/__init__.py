"""From PET/CT studies to clean, de-identified, memory-mapped pairs on one grid."""

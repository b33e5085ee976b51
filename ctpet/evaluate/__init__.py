"""How far a synthetic PET is from a measured one."""

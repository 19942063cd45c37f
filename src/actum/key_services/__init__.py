"""Key services, one file each; `open.py` chooses by what ACTUM_KEY says."""

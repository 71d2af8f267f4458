"""Encryption: what may be uploaded, signed, sent to devices and backed up. The server never reads content.

Pure rules and shapes only, one file for each kind of thing.
"""

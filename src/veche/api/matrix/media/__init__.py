"""Media: uploading and downloading as the specification has it. How a file is put on the wire stands in ``serving``."""

from veche.api.matrix.media import downloading, uploading

ENDPOINTS = (*uploading.ENDPOINTS, *downloading.ENDPOINTS)

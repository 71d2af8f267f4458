"""Smaller pictures, made by Pillow in a process of its own with limits on pixels, frames, time and memory.

``jobs`` is what the server uses; ``thumbnails`` and ``process`` run on the other side of the pipe, where decoders may
be hurt. Nothing is imported here, so that the process starts with little.
"""

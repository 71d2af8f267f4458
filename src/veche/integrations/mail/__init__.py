"""Mail: letters as they are written (``composing``, with the words in ``templates``) and how they leave (``smtp``).

Who gets a letter, and when it is tried again, is not known here.
"""

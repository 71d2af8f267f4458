"""Importing people from a table: ``reading`` makes lines of a file, ``judging`` says what is to become of each.

Pure: no file is opened here and no account is looked up.
"""

from veche.domain.accounts.importing.judging import Known, Standing, Verdict, full_name_of, user_of, verdict
from veche.domain.accounts.importing.reading import Line, LineFault, NewPerson, Sheet, is_formula, read_sheet

__all__ = [
    "Known",
    "Line",
    "LineFault",
    "NewPerson",
    "Sheet",
    "Standing",
    "Verdict",
    "full_name_of",
    "is_formula",
    "read_sheet",
    "user_of",
    "verdict",
]

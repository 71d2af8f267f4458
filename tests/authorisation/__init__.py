"""Who may know what: every declared endpoint, asked by everybody, with canaries wherever something is private."""

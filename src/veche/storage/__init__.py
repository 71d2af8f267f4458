"""Floor 2: the database and the blobs. SQL stands beside the function that runs it; decides no permission."""

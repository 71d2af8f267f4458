"""What tests stand on: databases, an in-process world, the real server. No test lives here."""

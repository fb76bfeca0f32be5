"""What runs in the student's process: no test, no expected value and no secret may ever be here."""

"""What goes wrong on the staff's side."""


class CourseError(Exception):
    """Something in the course's own files is wrong. The message names the file and the key or line."""


class SandboxError(CourseError):
    """This machine cannot isolate a process as told."""

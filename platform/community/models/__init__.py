"""What people say to one another."""

from community.models.comments import Comment
from community.models.reactions import Like, Report

__all__ = ["Comment", "Like", "Report"]

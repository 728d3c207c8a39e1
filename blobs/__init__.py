"""Bytes of evidence files, found by what they are: a content-addressed store in a folder or in an S3-compatible service."""

"""What the book is made with: the execution of pages, its pictures, networks and slides."""

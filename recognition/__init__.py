"""What: collections, images, faces, templates, jobs and the engines that see."""

"""A served disk below a file system: one bandwidth for everything that uses it, and faults on request.

An image file is served by the Network Block Device protocol (`server`), shown as a file by nbdfuse, and mounted: as
root through a loop device, as an ordinary user with fuse2fs (`shared`). All processes and containers that use the
file system share the disk. It behaves as the files in its knob directory say (`knobs`), obeys them within 20 ms, and
keeps an account of what it served (`account`).
"""

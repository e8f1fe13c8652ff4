# Everything sees the version.
TERN_VERSION := 0.1
TARGET_C += -DTERN_VERSION='"$(TERN_VERSION)"'

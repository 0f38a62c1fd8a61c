SHELL := /bin/bash
test:
	swift test --disable-xctest

# Applications: APP names the folder, in this tree or outside it.
APP ?= apps/monitor

// rewritten by the build of the wheel

package process

import (
	"os/exec"
	"syscall"
)

// withParent ends a program with the test that started it, even if the test is killed.
func withParent(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

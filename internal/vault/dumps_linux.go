package vault

import (
	"errors"

	"golang.org/x/sys/unix"
)

// ForbidDumps makes the kernel write no core file of this process and lets no
// other process of the same user read its memory or environment, where numbers
// and keys are. Call it before [Open]. Tools that read /proc/self/fd as an
// ordinary user stop working.
func ForbidDumps() error {
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	)
}

package bench

import (
	"os"
	"syscall"
)

// fdatasync makes file's bytes durable without its times.
func fdatasync(file *os.File) error {
	for {
		err := syscall.Fdatasync(int(file.Fd()))
		if err != syscall.EINTR {
			return err
		}
	}
}

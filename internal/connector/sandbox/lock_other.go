//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package sandbox

import "os"

// lock does nothing where there is no flock(2): two processes must not be given one folder.
func lock(*os.File) error { return nil }

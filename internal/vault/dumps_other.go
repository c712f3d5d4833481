//go:build !linux

package vault

import "errors"

// ForbidDumps is only known on Linux. Error: errors.ErrUnsupported.
func ForbidDumps() error { return errors.ErrUnsupported }

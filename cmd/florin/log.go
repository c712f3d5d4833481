package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
)

// newLog writes JSON lines at level and above.
func newLog(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log must be debug, info, warn or error, not %q", level)
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l})), nil
}

// logFile opens the log of a server whose terminal is for people.
func logFile(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, "florin.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

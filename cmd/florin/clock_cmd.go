package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

type clockCommand struct {
	Show showClockCommand `cmd:"" default:"1" help:"What time it is in the sandbox."`
	Move moveClockCommand `cmd:"" help:"Turn the sandbox's clock forwards: what waits is due."`
}

type showClockCommand struct{ remote }

// Run shows the clock.
func (c *showClockCommand) Run(ctx context.Context, out io.Writer) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	return showClock(api.get(ctx, "/v1/sandbox/clock"), out)
}

type moveClockCommand struct {
	remote
	By time.Duration `arg:"" help:"How far, such as 90s, 1h or 75h30m."`
}

// Run moves the clock.
func (c *moveClockCommand) Run(ctx context.Context, out io.Writer) error {
	if c.By < time.Second {
		return fmt.Errorf("%s is no move forwards: write a second or more, such as 1h", c.By)
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	return showClock(api.post(ctx, "/v1/sandbox/clock/move", newKey(), map[string]any{"seconds": int64(c.By.Seconds())}), out)
}

func showClock(a answer, out io.Writer) error {
	var c struct {
		Now   time.Time `json:"now"`
		Ahead int64     `json:"ahead_seconds"`
	}
	if err := a.into(&c); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s in the sandbox, %s ahead of this machine\n", c.Now.Format(time.RFC3339), time.Duration(c.Ahead)*time.Second)
	return err
}

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/florinpay/florin/internal/db"
)

type migrateCommand struct {
	place
}

// Run brings the schema up to date and says so.
func (c *migrateCommand) Run(ctx context.Context, out io.Writer) error {
	url, err := c.database()
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, url); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "The schema is up to date.")
	return err
}

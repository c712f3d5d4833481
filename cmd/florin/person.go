package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

type personCommand struct {
	Appoint personAppointCommand `cmd:"" help:"Give a person a role at a merchant, or make them an operator."`
	Dismiss personDismissCommand `cmd:"" help:"Take a person's role away."`
	Staff   personStaffCommand   `cmd:"" help:"Print who has a role at a merchant, or operates the platform."`
}

type personAppointCommand struct {
	place
	Login    string `arg:"" help:"The address that they sign in with. They must have signed up."`
	Role     string `arg:"" help:"owner, admin, finance, support, developer or read_only, with --merchant; or operator."`
	Merchant string `help:"The merchant of the role."`
}

// Run gives the role.
func (c *personAppointCommand) Run(ctx context.Context, out io.Writer) error {
	d, persons, p, err := c.named(ctx, c.Login)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := persons.Appoint(ctx, p.ID, id.Merchant(c.Merchant), identity.Role(c.Role), identity.Browser{Agent: "florin person appoint"}); err != nil {
		return explained(err)
	}
	_, err = fmt.Fprintf(out, "%s (%s) is %s now.\n", p.Name, p.Login, c.Role)
	return err
}

type personDismissCommand struct {
	place
	Login    string `arg:"" help:"The address that they sign in with."`
	Merchant string `help:"The merchant of the role; the platform if left out."`
}

// Run ends the role. What they allowed clients as the merchant ends with it, within seconds.
func (c *personDismissCommand) Run(ctx context.Context, out io.Writer) error {
	d, persons, p, err := c.named(ctx, c.Login)
	if err != nil {
		return err
	}
	defer d.Close()
	err = persons.Dismiss(ctx, p.ID, id.Merchant(c.Merchant), identity.Browser{Agent: "florin person dismiss"})
	if errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("%s has no role there: florin person staff shows who has", c.Login)
	}
	if err != nil {
		return explained(err)
	}
	_, err = fmt.Fprintf(out, "%s (%s) has no role there any more.\n", p.Name, p.Login)
	return err
}

type personStaffCommand struct {
	place
	Merchant string `arg:"" optional:"" help:"The merchant's id; the platform's operators if left out."`
}

// Run prints a line for each person with a role.
func (c *personStaffCommand) Run(ctx context.Context, out io.Writer) error {
	d, persons, err := c.persons(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	list, err := persons.Staff(ctx, id.Merchant(c.Merchant))
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", m.Login, m.Name, m.Role, m.Person)
	}
	return w.Flush()
}

// persons opens the room of persons for one command, which uses neither passkeys nor secrets.
func (p place) persons(ctx context.Context) (*db.DB, *identity.Room, error) {
	d, err := p.existing(ctx)
	if err != nil {
		return nil, nil, err
	}
	room, err := identity.New(identity.Config{
		DB: d, Clock: clock.System{}, Sealer: sealedShut{}, RPID: "localhost", Origins: []string{"http://localhost"}, Name: platformName,
	})
	if err != nil {
		return nil, nil, errors.Join(err, d.Close())
	}
	return d, room, nil
}

// named opens the room of persons and finds who signs in by login.
func (p place) named(ctx context.Context, login string) (*db.DB, *identity.Room, identity.Person, error) {
	d, persons, err := p.persons(ctx)
	if err != nil {
		return nil, nil, identity.Person{}, err
	}
	who, err := persons.Named(ctx, login)
	if errors.Is(err, fault.ErrNotFound) {
		err = fmt.Errorf("nobody has signed up as %s: they do so at /sign-up", login)
	}
	if err != nil {
		return nil, nil, who, errors.Join(err, d.Close())
	}
	return d, persons, who, nil
}

// sealedShut stands in for the vault, which commands on roles do not open.
type sealedShut struct{}

func (sealedShut) Seal(_, _ []byte) ([]byte, error) { return nil, errSealedShut }
func (sealedShut) Open(_, _ []byte) ([]byte, error) { return nil, errSealedShut }

var errSealedShut = errors.New("the vault is not open for this command")

// explained names each bad place of a refusal, as the terminal has no other way to show them.
func explained(err error) error {
	f := fault.Of(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	var places []string
	for _, field := range f.Fields {
		places = append(places, strings.TrimPrefix(field.Pointer, "/")+": "+field.Detail)
	}
	return errors.New(strings.Join(places, " "))
}

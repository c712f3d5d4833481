package oauth

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Register makes a client. secret is its password if it proves itself by one, else "";
// registration is the token by which the client itself may read, change or delete what is
// registered. Both are kept as digests only: show them once. Errors: *Fail with
// invalid_client_metadata or invalid_redirect_uri. Source: RFC 7591, RFC 7592.
func (s *Server) Register(ctx context.Context, d Draft) (c Client, secret, registration string, err error) {
	return s.register(ctx, d, nil)
}

// register is Register with names that its commit uses up.
func (s *Server) register(ctx context.Context, d Draft, spends spends) (c Client, secret, registration string, err error) {
	if f := d.check(&s.config); f != nil {
		return c, "", "", f
	}
	now := s.clock.Now()
	registration = newSecret()
	c = Client{ID: id.New[id.Client](now), CreatedAt: now, State: Active, Draft: d, registrationHash: digest(registration)}
	if d.Auth == SecretBasic {
		secret = newSecret()
		c.secretHash = digest(secret)
	}
	err = s.db.Write(ctx, append(spends.locks(), event.Lock()), func(tx *db.Tx) error {
		if err := spends.spend(tx, now); err != nil {
			return err
		}
		clients.Insert(tx, c)
		c.tell(tx, "client.registered", now)
		return nil
	})
	if err != nil {
		return Client{}, "", "", err
	}
	s.allowed.forget(everywhere)
	return c, secret, registration, nil
}

// Change replaces what is registered; the client keeps its id, its owner, its mode, its
// secret, and the most scopes that it may have unless d names others. Errors: *Fail as of Register, fault.ErrNotFound.
func (s *Server) Change(ctx context.Context, client id.Client, d Draft) (Client, error) {
	return s.alter(ctx, client, func(c *Client) (string, error) {
		d.Merchant, d.Owner, d.Live = c.Merchant, c.Owner, c.Live
		if d.ScopesMax == nil {
			d.ScopesMax = c.ScopesMax
		}
		if f := d.check(&s.config); f != nil {
			return "", f
		}
		if d.Auth == SecretBasic && c.secretHash == "" {
			return "", metadataFail("A client gets a secret at registration only. Register another one.")
		}
		c.Draft = d
		return "client.changed", nil
	})
}

// Suspend stops a client: within five seconds nothing of it is accepted on any node.
// Errors: fault.ErrNotFound.
func (s *Server) Suspend(ctx context.Context, client id.Client) (Client, error) {
	return s.alter(ctx, client, turned(Suspended, "client.suspended"))
}

// Activate lets a suspended client go on. Errors: fault.ErrNotFound.
func (s *Server) Activate(ctx context.Context, client id.Client) (Client, error) {
	return s.alter(ctx, client, turned(Active, "client.activated"))
}

// Delete ends a client for ever. Errors: fault.ErrNotFound.
func (s *Server) Delete(ctx context.Context, client id.Client) error {
	_, err := s.alter(ctx, client, turned(Deleted, "client.deleted"))
	return err
}

// turned moves a client to another state; nothing happens to one that is there.
func turned(to State, kind string) func(*Client) (string, error) {
	return func(c *Client) (string, error) {
		if c.State == to {
			return "", nil
		}
		c.State = to
		return kind, nil
	}
}

// Client reads a client that is not deleted. Errors: fault.ErrNotFound.
func (s *Server) Client(ctx context.Context, client id.Client) (Client, error) {
	c, found, err := s.clientByID(ctx, client)
	if err == nil && (!found || c.State == Deleted) {
		err = fault.ErrNotFound
	}
	return c, err
}

// alter changes a client that is not deleted, and forgets what memory had of it. fn says
// which event that is, "" for none.
func (s *Server) alter(ctx context.Context, client id.Client, fn func(*Client) (string, error)) (c Client, err error) {
	if !id.Valid(client) {
		return c, fault.ErrNotFound
	}
	err = s.db.Write(ctx, []db.Lock{clients.Lock(string(client)), event.Lock()}, func(tx *db.Tx) error {
		var found bool
		if c, found = clients.Get(tx, string(client)); !found || c.State == Deleted {
			return fault.ErrNotFound
		}
		kind, err := fn(&c)
		if kind != "" {
			clients.Update(tx, c)
			c.tell(tx, kind, s.clock.Now())
		}
		return err
	})
	s.known.forget(client)
	s.allowed.forget(everywhere)
	return c, err
}

// active gives a client that may act, from memory that is at most five seconds old, with
// its keys read. found is false for any other.
func (s *Server) active(ctx context.Context, client id.Client) (c *Client, found bool, err error) {
	if !id.Valid(client) {
		return nil, false, nil
	}
	c, err = s.known.get(ctx, client)
	return c, err == nil && c != nil, err
}

func (s *Server) readClient(ctx context.Context, client id.Client) (*Client, error) {
	c, found, err := s.clientByID(ctx, client)
	if err != nil || !found || c.State != Active {
		return nil, err
	}
	if c.Keys != "" {
		if c.keys, err = parseKeys(c.Keys); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

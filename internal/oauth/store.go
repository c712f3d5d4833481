package oauth

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

var clients = db.NewTable("oauth_client", func(c *Client, f *db.Fields) {
	db.Text(f, "id", &c.ID)
	db.Text(f, "merchant", &c.Merchant)
	db.Text(f, "owner", &c.Owner)
	db.Bool(f, "live", &c.Live)
	db.Time(f, "created_at", &c.CreatedAt)
	f.Mutable()
	db.Text(f, "name", &c.Name)
	db.Text(f, "auth", &c.Auth)
	db.Text(f, "secret_hash", &c.secretHash)
	db.Text(f, "jwks", &c.Keys)
	db.Text(f, "tls_subject", &c.Subject)
	words(f, "redirects", &c.Redirects)
	words(f, "logout_redirects", &c.LogoutRedirects)
	words(f, "origins", &c.Origins)
	words(f, "grants", &c.Grants)
	words(f, "scopes", &c.Scopes)
	words(f, "scopes_max", &c.ScopesMax)
	words(f, "detail_types", &c.DetailTypes)
	db.Bool(f, "native", &c.Native)
	db.Bool(f, "fapi", &c.FAPI)
	db.Bool(f, "signed_requests", &c.SignedRequests)
	db.Bool(f, "jarm", &c.JARM)
	db.Bool(f, "bound", &c.Bound)
	db.Text(f, "state", &c.State)
	db.Text(f, "registration_hash", &c.registrationHash)
})

var keys = db.NewTable("oauth_key", func(k *keyRow, f *db.Fields) {
	db.Text(f, "id", &k.ID)
	db.Text(f, "purpose", &k.Purpose)
	db.Int(f, "number", &k.Number)
	db.Text(f, "kid", &k.KID)
	db.Text(f, "public", &k.Public)
	db.Time(f, "created_at", &k.CreatedAt)
	f.Mutable()
	db.Bytes(f, "sealed", &k.Sealed)
	db.Text(f, "state", &k.State)
	db.Time(f, "signs_from", &k.SignsFrom)
	db.Time(f, "verifies_until", &k.VerifiesUntil)
})

var requests = db.NewTable("oauth_request", func(r *request, f *db.Fields) {
	db.Text(f, "id", &r.ID)
	db.Text(f, "pushed", &r.Pushed)
	db.Text(f, "client", &r.Client)
	document(f, "parameters", &r.Parameters)
	db.Time(f, "created_at", &r.CreatedAt)
	db.Time(f, "expires_at", &r.ExpiresAt)
	f.Mutable()
	db.Text(f, "state", &r.State)
})

var approvals = db.NewTable("oauth_approval", func(a *approval, f *db.Fields) {
	db.Text(f, "grant_id", &a.Grant)
	db.Text(f, "client", &a.Client)
	db.Text(f, "merchant", &a.Merchant)
	db.Bool(f, "live", &a.Live)
	db.Text(f, "person", &a.Person)
	db.Text(f, "payer", &a.Payer)
	words(f, "scopes", &a.Scopes)
	document(f, "details", &a.Details)
	db.Time(f, "auth_time", &a.AuthTime)
	db.Text(f, "acr", &a.ACR)
	db.Time(f, "created_at", &a.CreatedAt)
	db.Time(f, "expires_at", &a.ExpiresAt)
})

var codes = db.NewTable("oauth_code", func(c *code, f *db.Fields) {
	db.Text(f, "hash", &c.Hash)
	db.Text(f, "grant_id", &c.Grant)
	db.Text(f, "client", &c.Client)
	db.Text(f, "redirect_uri", &c.Redirect)
	db.Text(f, "challenge", &c.Challenge)
	db.Text(f, "nonce", &c.Nonce)
	db.Text(f, "key_thumbprint", &c.Thumbprint)
	db.Time(f, "expires_at", &c.ExpiresAt)
	f.Mutable()
	db.Time(f, "redeemed_at", &c.RedeemedAt)
})

var refreshes = db.NewTable("oauth_refresh", func(r *refresh, f *db.Fields) {
	db.Text(f, "hash", &r.Hash)
	db.Text(f, "grant_id", &r.Grant)
	db.Text(f, "client", &r.Client)
	db.Text(f, "key_thumbprint", &r.Key)
	db.Text(f, "cert_thumbprint", &r.Cert)
	db.Time(f, "created_at", &r.CreatedAt)
	db.Time(f, "expires_at", &r.ExpiresAt)
	f.Mutable()
	db.Time(f, "rotated_at", &r.RotatedAt)
})

var devices = db.NewTable("oauth_device", func(d *device, f *db.Fields) {
	db.Text(f, "user_code", &d.UserCode)
	db.Text(f, "hash", &d.Hash)
	db.Text(f, "client", &d.Client)
	words(f, "scopes", &d.Scopes)
	document(f, "details", &d.Details)
	db.Text(f, "key_thumbprint", &d.Thumbprint)
	db.Time(f, "created_at", &d.CreatedAt)
	db.Time(f, "expires_at", &d.ExpiresAt)
	f.Mutable()
	db.Text(f, "state", &d.State)
	db.Text(f, "grant_id", &d.Grant)
	seconds(f, "interval_seconds", &d.Interval)
	db.Time(f, "next_poll_at", &d.NextPollAt)
})

var seen = db.NewTable("oauth_seen", func(n *name, f *db.Fields) {
	db.Text(f, "id", &n.ID)
	db.Text(f, "kind", &n.Kind)
	f.Mutable()
	db.Time(f, "expires_at", &n.ExpiresAt)
})

var guesses = db.NewTable("oauth_guess", func(g *guess, f *db.Fields) {
	db.Text(f, "id", &g.ID)
	f.Mutable()
	db.Int(f, "wrong", &g.Wrong)
	db.Time(f, "expires_at", &g.ExpiresAt)
})

// words visits a column with words that hold no space.
func words(f *db.Fields, column string, p *[]string) {
	db.Encoded(f, column, func() string { return strings.Join(*p, " ") }, func(text string) { *p = strings.Fields(text) })
}

func seconds(f *db.Fields, column string, p *time.Duration) {
	n := int64(*p / time.Second)
	db.Int(f, column, &n)
	*p = time.Duration(n) * time.Second
}

// document visits a column that holds JSON.
func document[T any](f *db.Fields, column string, p *T) {
	db.Encoded(f, column, func() string {
		text, err := json.Marshal(*p)
		if err != nil {
			panic("oauth: a row does not marshal: " + err.Error()) // our own struct: a bug
		}
		return string(text)
	}, func(text string) {
		if err := json.Unmarshal([]byte(text), p); err != nil {
			panic("oauth: a stored document is broken: " + err.Error())
		}
	})
}

func (s *Server) keyRows(ctx context.Context, purpose string) ([]keyRow, error) {
	return keys.Select(ctx, s.db, "where purpose = $1 and state <> $2 order by number", purpose, retired)
}

// keysEver reads every key that has signed or will, also those that are retired.
func keysEver(ctx context.Context, d *db.DB) ([]keyRow, error) {
	return keys.Select(ctx, d, "where purpose = $1 order by number", forTokens)
}

func (s *Server) clientByID(ctx context.Context, client id.Client) (Client, bool, error) {
	if !id.Valid(client) { // whatever came from outside
		return Client{}, false, nil
	}
	return clients.First(ctx, s.db, "where id = $1", string(client))
}

// Clients reads a page of a merchant's clients, newest first; next is where to go on, ""
// at the end.
func (s *Server) Clients(ctx context.Context, merchant id.Merchant, live bool, p db.Page) (list []Client, next string, err error) {
	q := db.Search[Client, string]{Limit: p.Limit, Key: func(c *Client) string { return string(c.ID) }}
	q.Ways = []db.Way{{Table: "oauth_client", Key: "id", Where: "merchant = $1", Each: [][]any{{string(merchant)}}}}
	q.Check, q.Args, q.Picky = "merchant = $1 and live = $2 and state <> $3", []any{string(merchant), live, string(Deleted)}, true
	q.Start(p.After, p.Before)
	return db.Walk(ctx, s.db, clients, q)
}

// origins are all that browsers may call from.
func (s *Server) origins(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	err := s.db.Query(ctx, "select origins from oauth_client where origins <> '' and state = $1", func(r db.Row) error {
		for o := range strings.FieldsSeq(r.Text(0)) {
			all[o] = true
		}
		return nil
	}, string(Active))
	return all, err
}

// requestRow reads a request by the digest of its name.
func (s *Server) requestRow(ctx context.Context, key string) (request, bool, error) {
	return requests.First(ctx, s.db, "where id = $1", key)
}

func (s *Server) approval(ctx context.Context, grant id.Grant) (approval, bool, error) {
	return approvals.First(ctx, s.db, "where grant_id = $1", string(grant))
}

func (s *Server) codeRow(ctx context.Context, hash string) (code, bool, error) {
	return codes.First(ctx, s.db, "where hash = $1", hash)
}

func (s *Server) refreshRow(ctx context.Context, hash string) (refresh, bool, error) {
	return refreshes.First(ctx, s.db, "where hash = $1", hash)
}

func (s *Server) deviceByHash(ctx context.Context, hash string) (device, bool, error) {
	return devices.First(ctx, s.db, "where hash = $1", hash)
}

func (s *Server) deviceByCode(ctx context.Context, userCode string) (device, bool, error) {
	return devices.First(ctx, s.db, "where user_code = $1", userCode)
}

// revoked are the tokens that were revoked before their end, by the digest of their name.
func (s *Server) revoked(ctx context.Context, now time.Time) (map[string]bool, error) {
	all := map[string]bool{}
	err := s.db.Query(ctx, "select id from oauth_seen where kind = $1 and expires_at > $2", func(r db.Row) error {
		all[r.Text(0)] = true
		return nil
	}, kindRevoked, now)
	return all, err
}

// swept is a table whose rows have an end.
type swept struct {
	kept    time.Duration // after their end
	expired string        // SQL: the keys of some rows whose end is over
	lock    func(string) db.Lock
	remove  func(tx *db.Tx, key string)
}

func sweeper[T any](t *db.Table[T], table, key string, kept time.Duration) swept {
	return swept{
		kept, "select " + key + " from " + table + " where expires_at < $1 order by expires_at limit $2", t.Lock,
		func(tx *db.Tx, key string) {
			if _, there := t.Get(tx, key); there {
				t.Delete(tx, key)
			}
		},
	}
}

// sweepers know what may be forgotten and when: a code that comes again must still end
// its grant, whose tokens live for minutes; a name that was used is no good after its end.
// Approvals go last, as others lead to them.
func sweepers() []swept {
	const hour, minute = time.Hour, time.Minute
	return []swept{
		sweeper(seen, "oauth_seen", "id", minute), sweeper(guesses, "oauth_guess", "id", minute), sweeper(requests, "oauth_request", "id", minute),
		sweeper(codes, "oauth_code", "hash", hour), sweeper(devices, "oauth_device", "user_code", hour), sweeper(refreshes, "oauth_refresh", "hash", hour),
		sweeper(approvals, "oauth_approval", "grant_id", 2*hour),
	}
}

// expired reads keys of rows whose time is over.
func (s *Server) expired(ctx context.Context, w swept, now time.Time, limit int) (list []string, err error) {
	err = s.db.Query(ctx, w.expired, func(r db.Row) error {
		list = append(list, r.Text(0))
		return nil
	}, now.Add(-w.kept), limit)
	return list, err
}

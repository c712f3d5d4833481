package oauth

import (
	"net/http"
	"net/url"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// The life of a request: pushed or opened → granted | denied.
const (
	pushed  = "pushed"
	opened  = "opened"
	granted = "granted"
	refused = "denied"
)

// request is an authorization request: one that a client pushed, kept by the digest of its
// request_uri; or one that a browser has opened, kept by the digest of its handle.
type request struct {
	ID         string
	Pushed     string // of an opened one: the pushed one that it came from, "" if none
	Client     id.Client
	Parameters parameters
	CreatedAt  time.Time
	ExpiresAt  time.Time // never moves. Source: FAPI 2.0 SP §5.3.2.2: a request_uri lives less than 600 s
	State      string
}

const (
	pushedFor  = 60 * time.Second
	openedFor  = 15 * time.Minute // to sign in and decide
	requestURN = "urn:ietf:params:oauth:request_uri:"
)

// push is the PAR endpoint. Source: RFC 9126 §2.
func (s *Server) push(c *call) (*reply, error) {
	if c.form.Has("request_uri") {
		return nil, invalid("request_uri cannot be pushed.")
	}
	in := c.form
	if text := in.Get("request"); text != "" {
		object, name, f := s.object(c.client, text, c.now)
		if f != nil {
			return nil, f
		}
		if in = object; name != nil {
			c.spends = append(c.spends, *name)
		}
	} else if c.client.SignedRequests {
		return nil, invalid("Send a signed request object.")
	}
	p, f := s.parameters(c.client, in)
	if f != nil {
		return nil, f
	}
	if c.proof != nil { // RFC 9449 §10.1: the code is bound to the key of the proof
		if p.Thumbprint != "" && p.Thumbprint != c.proof.thumbprint {
			return nil, proofFail("dpop_jkt is of another key.")
		}
		p.Thumbprint = c.proof.thumbprint
	}
	uri := requestURN + newSecret()
	r := request{ID: digest(uri), Client: c.client.ID, Parameters: p, CreatedAt: c.now, ExpiresAt: c.now.Add(pushedFor), State: pushed}
	err := c.write(nil, func(tx *db.Tx) error {
		requests.Insert(tx, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusCreated, body: struct {
		URI     string `json:"request_uri"`
		Expires int    `json:"expires_in"`
	}{uri, int(pushedFor.Seconds())}}, nil
}

// plain judges an authorization request that was not pushed. redirect says whether f may
// be taken to the client.
func (s *Server) plain(c *Client, in url.Values, now time.Time) (p parameters, redirect bool, f *Fail) {
	if c.FAPI {
		return p, false, invalid("Push the request first.")
	}
	if text := in.Get("request"); text != "" {
		if in, _, f = s.object(c, text, now); f != nil {
			return p, false, f
		}
	} else if c.SignedRequests {
		return p, false, invalid("Send a signed request object.")
	}
	if f = p.address(c, in); f != nil {
		return p, false, f
	}
	f = p.judge(s, c, in)
	return p, true, f
}

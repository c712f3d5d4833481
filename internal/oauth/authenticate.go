package oauth

import (
	"net/url"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-jose/go-jose/v4/json"

	"github.com/florinpay/florin/internal/id"
)

// assertionType is the one form of client_assertion. Source: RFC 7523 §2.2.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// The longest texts that are worth checking, in bytes.
const (
	assertionMax = 8 << 10
	tokenMax     = 4 << 10
)

// assertionKinds are the types that an assertion may have; "" as older clients leave it out.
var assertionKinds = []string{"", "jwt", "client-authentication+jwt"}

// assertion is the claims of a client's assertion. aud must be a text: a list does not
// decode, and so cannot name another server beside us. Source: FAPI 2.0 SP §5.3.2.1.
type assertion struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	ID       string `json:"jti"`
	Audience string `json:"aud"`
	Expires  date   `json:"exp"`
	Issued   date   `json:"iat"`
	From     date   `json:"nbf"`
}

// credentials are what a request claims, and by how many ways.
type credentials struct {
	client    id.Client
	secret    string
	assertion string
	ways      int
}

// credentials reads who the caller says it is. Source: RFC 6749 §2.3: one way a request.
func (c *call) credentials() (out credentials, ok bool) {
	out.client = id.Client(c.form.Get("client_id"))
	claim := func(who id.Client) bool {
		out.ways++
		same := out.client == "" || out.client == who
		out.client = who
		return same
	}
	if name, secret, basic := c.r.BasicAuth(); basic {
		who, errName := url.QueryUnescape(name)
		plain, errSecret := url.QueryUnescape(secret)
		if out.secret = plain; errName != nil || errSecret != nil || !claim(id.Client(who)) {
			return out, false
		}
	} else if c.r.Header.Get("Authorization") != "" {
		return out, false
	}
	if out.assertion = c.form.Get("client_assertion"); out.assertion != "" {
		who, readable := assertionOf(out.assertion)
		if !readable || c.form.Get("client_assertion_type") != assertionType || !claim(who) {
			return out, false
		}
	} else if c.form.Has("client_assertion_type") {
		return out, false
	}
	return out, !c.form.Has("client_secret") && out.ways < 2
}

// assertionOf reads whose an assertion says it is, without believing it.
func assertionOf(text string) (id.Client, bool) {
	if len(text) > assertionMax {
		return "", false
	}
	var claims assertion
	o, err := jose.ParseSignedCompact(text, algs)
	if err != nil || strict.Unmarshal(o.UnsafePayloadWithoutVerification(), &claims) != nil {
		return "", false
	}
	return id.Client(claims.Subject), true
}

// authenticate finds the client and holds it to the way it was registered with. All
// refusals are the same. Source: RFC 6749 §2.3, FAPI 2.0 SP §5.3.2.1.
func (c *call) authenticate() error {
	claimed, ok := c.credentials()
	if !ok {
		return errClient
	}
	client, found, err := c.s.active(c.ctx, claimed.client)
	if err != nil {
		return err
	}
	if !found {
		return errClient
	}
	switch client.Auth {
	case Public:
		ok = claimed.ways == 0
	case SecretBasic:
		ok = claimed.secret != "" && claimed.ways == 1 && equal(digest(claimed.secret), client.secretHash)
	case PrivateKeyJWT:
		ok = claimed.assertion != "" && claimed.ways == 1 && c.asserted(client, claimed.assertion)
	case TLSOwnKey, TLSSubject:
		ok = claimed.ways == 0 && c.s.certified(client, c.r, c.now)
	default:
		ok = false
	}
	if !ok {
		return errClient
	}
	c.client = client
	return nil
}

// assertedFor is the longest life of an assertion: libraries are served that ask for an
// hour and have a clock of their own.
const assertedFor = 60*60 + int64(aheadMax/1e9)

// asserted checks a client's assertion; its name is used up by the call's commit. Source:
// RFC 7523 §3, FAPI 2.0 SP §5.3.2.1.
func (c *call) asserted(client *Client, text string) bool {
	var a assertion
	if verify(text, among(client.keys), assertionKinds, &a) != nil {
		return false
	}
	switch {
	case a.Issuer != string(client.ID), a.Subject != string(client.ID), a.Audience != c.s.config.Issuer,
		a.ID == "", !a.Expires.time().After(c.now), int64(a.Expires) > c.now.Unix()+assertedFor,
		a.Issued.early(c.now), a.From.early(c.now):
		return false
	}
	c.spends = append(c.spends, newName(kindAssertion, string(client.ID), a.ID, a.Expires.time(), errClient))
	return true
}

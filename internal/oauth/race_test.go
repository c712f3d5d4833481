package oauth_test

import (
	"errors"
	"maps"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/oauth"
)

// atOnce runs fn 24 times side by side and counts how often it succeeded.
func atOnce(fn func(i int) bool) int64 {
	var good atomic.Int64
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range 24 {
		done.Go(func() {
			start.Wait()
			if fn(i) {
				good.Add(1)
			}
		})
	}
	start.Done()
	done.Wait()
	return good.Load()
}

// twin is a copy of an app for one goroutine.
func (a *app) twin() *app { b := *a; return &b }

func TestOneCodeGivesOneToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		code := a.code(a.asking())
		if n := atOnce(func(int) bool { return a.twin().redeem(code).status == 200 }); n != 1 {
			t.Errorf("%d tokens", n)
		}
		if why := w.grants.all(t)[0].RevokedBy; why != grant.ByPlatform {
			t.Errorf("the grant ended by %q", why)
		}
	})
}

func TestOneRefreshTokenGivesOneToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(public)
		token := a.tokens().get("refresh_token")
		if n := atOnce(func(int) bool { return a.twin().renew(token).status == 200 }); n != 1 {
			t.Errorf("%d tokens", n)
		}
		if why := w.grants.all(t)[0].RevokedBy; why != grant.ByPlatform {
			t.Errorf("the grant ended by %q", why)
		}
		b := w.register(fapi) // a confidential client's stays good, also side by side
		token = b.tokens().get("refresh_token")
		if n := atOnce(func(int) bool { return b.twin().renew(token).status == 200 }); n != 24 {
			t.Errorf("%d of 24", n)
		}
	})
}

func TestOneConsentGivesOneCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, elsewhere := w.register(fapi), w.node()
		query, _ := a.push(a.asking())
		pages := []oauth.Asked{w.opens(query), w.opens(query)}
		n := atOnce(func(i int) bool {
			s := w.s
			if i%3 == 0 {
				s = elsewhere
			}
			d := w.yes(pages[i%2])
			if i%4 == 0 {
				d = oauth.Decision{Denied: oauth.AccessDenied}
			}
			_, err := s.Decide(t.Context(), pages[i%2], d)
			if err != nil && !errors.Is(err, oauth.ErrFinished) {
				t.Error(err)
			}
			return err == nil
		})
		if grants := len(w.grants.all(t)); n != 1 || grants > 1 {
			t.Errorf("%d decisions, %d grants", n, grants)
		}
	})
}

func TestOneDeviceGetsOneToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(public)
		dev := a.post("/oauth/device_authorization", url.Values{"scope": {"payments:read"}})
		page, err := w.s.Device(t.Context(), dev.get("user_code"), "anna")
		must(t, err)
		asked := oauth.Asked{Scopes: page.Scopes}
		if n := atOnce(func(int) bool { return w.s.DecideDevice(t.Context(), page, w.yes(asked)) == nil }); n != 1 || len(w.grants.all(t)) != 1 {
			t.Errorf("%d decisions", n)
		}
		form := url.Values{"grant_type": {oauth.DeviceGrant}, "device_code": {dev.get("device_code")}}
		if n := atOnce(func(int) bool { return a.twin().post("/oauth/token", form).status == 200 }); n != 1 {
			t.Errorf("%d tokens", n)
		}
	})
}

func TestOneNameIsUsedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		a.own()
		jti := change{claims: map[string]any{"jti": "one"}}
		if n := atOnce(func(int) bool { return a.twin().own(jti).status == 200 }); n != 1 {
			t.Errorf("one assertion was good %d times", n)
		}
		proof := change{proof: func(p *proofing) { p.id = "one" }}
		if n := atOnce(func(int) bool { return a.twin().own(proof).status == 200 }); n != 1 {
			t.Errorf("one proof was good %d times", n)
		}
		token := a.own().access()
		r, scheme := a.call(token)
		if n := atOnce(func(int) bool {
			twin := r.Clone(t.Context())
			twin.Header = maps.Clone(r.Header)
			_, err := w.s.Verifier().Check(t.Context(), twin, token, scheme)
			return err == nil
		}); n != 1 {
			t.Errorf("one proof opened a resource %d times", n)
		}
		user := w.register(public)
		dev := user.post("/oauth/device_authorization", url.Values{"scope": {"payments:read"}})
		if n := atOnce(func(int) bool { _, err := w.s.Device(t.Context(), dev.get("user_code"), "anna"); return err == nil }); n != 10 {
			t.Errorf("%d guesses of ten", n)
		}
	})
}

// A proof that one node took is refused by another where a call writes: its name goes into
// the call's own commit.
func TestAProofIsSpentOnAllNodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, elsewhere := w.register(fapi), w.node()
		token := a.own().access()
		r, scheme := a.call(token)
		spend := func(s *oauth.Server) error {
			access, err := s.Verifier().Check(t.Context(), r, token, scheme)
			must(t, err)
			return w.d.Write(t.Context(), access.Proof.Locks(), spendNow(access.Proof, w))
		}
		must(t, spend(w.s))
		var f *oauth.Fail
		if err := spend(elsewhere); !errors.As(err, &f) || f.Code != "invalid_dpop_proof" {
			t.Errorf("on another node: %v", err)
		}
		var none *oauth.Proof
		must(t, w.d.Write(t.Context(), none.Locks(), spendNow(none, w)))
	})
}

// Two nodes that begin or turn the keys at once have one ring.
func TestTwoNodesHaveOneRing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		nodes := []*oauth.Server{w.node(), w.node(), w.node()}
		atOnce(func(i int) bool { return nodes[i%3].Rotate(t.Context()) == nil })
		signing := 0
		rows := dump(t, w)
		for i := 0; i+7 < len(rows); i++ {
			if rows[i:i+8] == "signing\n" {
				signing++
			}
		}
		if signing != 2 { // one of tokens, one of nonces
			t.Errorf("%d keys sign", signing)
		}
	})
}

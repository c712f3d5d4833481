package oauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/oauth"
)

func TestAClientActsForItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		out := a.own()
		if out.status != 200 || out.get("token_type") != "DPoP" || out.get("scope") != "payments:read" || out.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %s", out.status, out.text)
		}
		if typ := w.check(out.access()); typ != "at+jwt" {
			t.Errorf("typ %s", typ)
		}
		c := claimsOf(t, out.access())
		if c["iss"] != w.base || c["aud"] != w.base+"/v1" || c["sub"] != string(a.id) || c["mer"] != string(shop) || c["exp"].(float64)-c["iat"].(float64) != 300 || c["grant_id"] != nil {
			t.Errorf("claims %v", c)
		}
		r, scheme := a.call(out.access())
		got, err := w.s.Verifier().Check(context.Background(), r, out.access(), scheme)
		must(t, err)
		if got.Client != a.id || got.Merchant != shop || got.Live || !got.Has("payments:read") || got.Has("payments:write") || got.Proof == nil {
			t.Errorf("access %+v", got)
		}
		basic := w.register(func(d *oauth.Draft) { d.Auth = oauth.SecretBasic })
		basic.prover = nil
		if out := basic.own(); out.status != 200 || out.get("token_type") != "Bearer" || basic.works(out.access()) != nil {
			t.Errorf("%d %s", out.status, out.text)
		}
	})
}

// A refused token is refused whatever else is right.
func TestATokenIsGoodUntilItsEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		token := a.own().access()
		must(t, a.works(token))
		for name, bad := range map[string]string{
			"empty": "", "shortened": token[:len(token)-1], "changed": strings.Replace(token, ".", ".e", 1), "none": "a.b.c", "long": token + strings.Repeat("A", 5000),
			"no signature": token[:strings.LastIndex(token, ".")+1],
		} {
			if err := a.works(bad); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
		w.clock.Move(5*time.Minute + time.Second)
		var f *oauth.Fail
		if err := a.works(token); !errors.As(err, &f) || f.Code != "invalid_token" || f.Status != 401 {
			t.Errorf("expired: %v", err)
		}
	})
}

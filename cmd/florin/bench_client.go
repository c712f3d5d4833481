package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/oauth"
)

// benchClient is an OAuth client that proves itself by a secret.
type benchClient struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// register makes the client of the sandbox's merchant, as 'florin client create' does.
func (s *sitting) register(ctx context.Context, t *target) (c benchClient, err error) {
	var out bytes.Buffer
	command := clientCreateCommand{
		authority: authority{place: place{Data: s.folder(t.engine)}}, Merchant: string(t.world.Merchant), Name: "Benchmark",
		Auth: string(oauth.SecretBasic), Grant: []string{oauth.OwnGrant}, Scope: []string{"payments:write"},
	}
	if db.IsPostgres(t.database) {
		command.Database = t.database
	}
	if err := command.Run(ctx, &out); err != nil {
		return c, err
	}
	return c, json.Unmarshal(out.Bytes(), &c)
}

// basic is the client's Authorization header.
func (c benchClient) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.ID+":"+c.Secret))
}

// token gets the client an access token, which lives five minutes.
func (c benchClient) token(ctx context.Context, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", c.basic())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	var out struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(a.Body).Decode(&out); err != nil || out.Access == "" {
		return "", fmt.Errorf("the token endpoint gave no token: HTTP %d", a.StatusCode)
	}
	return out.Access, nil
}

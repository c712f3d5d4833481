package oauth

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
)

// view is c in the contract's words, without what proves it.
func (c *Client) view() *florinv1.OAuthClient {
	return &florinv1.OAuthClient{
		Id: string(c.ID), Object: "client", Merchant: string(c.Merchant), Name: c.Name, AuthMethod: string(c.Auth),
		GrantTypes: c.Grants, Scopes: c.Scopes, RedirectUris: c.Redirects, Status: string(c.State),
		CreatedAt: timestamppb.New(c.CreatedAt), Livemode: c.Live,
	}
}

// tell writes what happened to a merchant's client into the log; a client of nobody's has
// no reader there. Name [event.Lock] in that write.
func (c *Client) tell(tx *db.Tx, kind string, now time.Time) {
	if c.Merchant == "" {
		return
	}
	event.Append(tx, event.Fact{
		Merchant: c.Merchant, Live: c.Live, Type: kind, Object: string(c.ID), At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Client{Client: c.view()}},
	})
}

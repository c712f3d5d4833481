# The first client that Florin was promised to, as it was published; only the host,
# the token and the card's expiry come from outside.
import os

import requests
import json

access_token = os.environ['FLORIN_TOKEN']

# 初始化支付系统的API客户端
api_client = requests.Session()
api_client.headers.update({'Authorization': 'Bearer ' + access_token})

# 发起支付请求
response = api_client.post(os.environ['FLORIN_HOST'] + '/payments', json={
    'amount': 100,
    'currency': 'USD',
    'card_number': '4111111111111111',
    'expiry_date': os.environ['FLORIN_EXPIRY'],
    'cvv': '123'
})

# 处理支付结果
if response.status_code == 200:
    payment = response.json()
    print('支付成功：', payment)
else:
    print('支付失败：', response.text)

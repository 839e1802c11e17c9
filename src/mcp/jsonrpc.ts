export type RpcId = string | number

//! Filters, their headers and checkpoints, as BIP157 asks for them.

use super::*;

#[tokio::test]
async fn filters_chain_up_to_their_headers_and_checkpoints() {
    let served = Served::start().await;
    let hashes = served.mine(2_000);
    let mut peer = served.connect().await;
    let (start_height, stop_hash) = (1_001, hashes[1_999]);
    let request = GetCFHeaders { filter_type: 0, start_height, stop_hash };
    let answer = peer.ask(NetworkMessage::GetCFHeaders(request)).await;
    let NetworkMessage::CFHeaders(headers) = answer else { panic!("not cfheaders") };
    let request = GetCFCheckpt { filter_type: 0, stop_hash };
    let answer = peer.ask(NetworkMessage::GetCFCheckpt(request)).await;
    let NetworkMessage::CFCheckpt(checkpoints) = answer else { panic!("not cfcheckpt") };
    assert_eq!(checkpoints.filter_headers.len(), 2);
    assert_eq!(headers.previous_filter_header, checkpoints.filter_headers[0]);
    let request = GetCFilters { filter_type: 0, start_height, stop_hash };
    peer.send(NetworkMessage::GetCFilters(request)).await;
    let mut header: FilterHeader = headers.previous_filter_header;
    for (hash, filter_hash) in hashes[1_000..].iter().zip(&headers.filter_hashes) {
        let NetworkMessage::CFilter(filter) = peer.next().await else { panic!("not cfilter") };
        assert_eq!(filter.block_hash, *hash);
        let filter = BlockFilter::new(&filter.filter);
        let script = served.faucet.script().as_bytes();
        assert!(filter.match_any(hash, std::iter::once(script)).unwrap());
        header = filter.filter_header(&header);
        assert_eq!(filter_hash, &FilterHash::hash(&filter.content));
    }
    assert_eq!(header, checkpoints.filter_headers[1]);
    peer.assert_quiet().await;
    let genesis = GetCFHeaders { filter_type: 0, start_height: 0, stop_hash: hashes[0] };
    let answer = peer.ask(NetworkMessage::GetCFHeaders(genesis)).await;
    let NetworkMessage::CFHeaders(first) = answer else { panic!("not cfheaders") };
    assert_eq!(first.previous_filter_header, FilterHeader::all_zeros());
    assert_eq!(first.filter_hashes.len(), 2);
}

#[tokio::test]
async fn filter_requests_that_bitcoin_core_punishes_close_the_connection() {
    let served = Served::start().await;
    let hashes = served.mine(2_000);
    let tip = hashes[1_999];
    let unknown = BlockHash::all_zeros();
    let filters = |filter_type, start_height, stop_hash| {
        NetworkMessage::GetCFilters(GetCFilters { filter_type, start_height, stop_hash })
    };
    let headers = |start_height, stop_hash| {
        NetworkMessage::GetCFHeaders(GetCFHeaders { filter_type: 0, start_height, stop_hash })
    };
    let checkpoints = GetCFCheckpt { filter_type: 0, stop_hash: unknown };
    let punished = [
        filters(0, 1_000, tip),
        filters(0, 1_990, unknown),
        filters(0, 2_001, tip),
        filters(1, 1_990, tip),
        headers(0, tip),
        headers(0, unknown),
        headers(u32::MAX, tip),
        NetworkMessage::GetCFCheckpt(checkpoints),
    ];
    for request in punished {
        let mut peer = served.connect().await;
        peer.send(request).await;
        peer.assert_closed().await;
    }
    let mut peer = served.connect().await;
    let NetworkMessage::CFHeaders(all) = peer.ask(headers(1, tip)).await else {
        panic!("not cfheaders")
    };
    assert_eq!(all.filter_hashes.len(), 2_000);
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Batch} from "../../../../contracts/interfaces/IClerk.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {KeyWallet} from "../../support/Foreign.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, presigned orders
///   given a digest that somebody else presigned            it should refuse: BadSignature
///   given the struct hash, or the digest of another chain or Clerk
///                                                          it should refuse: BadSignature
///   given a signature beside, a wrong one                  it should refuse: BadSignature
///   given it was taken back                                it should refuse: BadSignature
///   given the whole digest, presigned by the signer        it should seal, on each leg, until the order is filled
contract SealPresignedTest is MarketTest {
    function _unsigned(Leg leg) private view returns (Batch memory batch) {
        batch = batchWithDataset();
        setSignature(batch, leg, "");
    }

    function _presign(Leg leg, bytes32 digest) private {
        vm.prank(signerOf(leg));
        keyring.presign(digest, true);
    }

    function testFuzz_isKeyedBySigner(uint8 seed, address other) external {
        Leg leg = Leg(seed % 4);
        vm.assume(other != signerOf(leg));
        Batch memory batch = _unsigned(leg);
        presign(other, hashOf(batch, leg));
        refused(batch, leg, Refusal.BadSignature);
    }

    function testFuzz_takesNoOtherDigest(uint8 seed, address clerk_, uint64 chain) external {
        Leg leg = Leg(seed % 4);
        vm.assume(clerk_ != address(clerk) && chain != block.chainid);
        Batch memory batch = _unsigned(leg);
        bytes32 hash = hashOf(batch, leg);
        _presign(leg, hash);
        _presign(leg, digestAt(clerk_, block.chainid, hash));
        _presign(leg, digestAt(address(clerk), chain, hash));
        refused(batch, leg, Refusal.BadSignature);
    }

    function testFuzz_isUselessOnAnotherChain(uint64 chain) external {
        chain = uint64(bound(chain, 1, type(uint64).max - 1));
        vm.assume(chain != block.chainid);
        Batch memory batch = _unsigned(Leg.Request);
        presign(requester, hashOf(batch, Leg.Request));
        vm.chainId(chain);
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function testFuzz_takesNoWrongSignatureBeside(bytes calldata rubbish) external {
        vm.assume(rubbish.length != 0);
        Batch memory batch = _unsigned(Leg.Request);
        presign(requester, hashOf(batch, Leg.Request));
        batch.requests[0].signature = rubbish;
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function testFuzz_canBeTakenBack(uint8 seed) external {
        Leg leg = Leg(seed % 4);
        Batch memory batch = _unsigned(leg);
        presign(signerOf(leg), hashOf(batch, leg));
        bytes32 digest = clerk.digestOf(hashOf(batch, leg));
        vm.prank(signerOf(leg));
        keyring.presign(digest, false);
        refused(batch, leg, Refusal.BadSignature);
    }

    function testFuzz_seals(uint8 seed) external {
        Leg leg = Leg(seed % 4);
        Batch memory batch = _unsigned(leg);
        refused(batch, leg, Refusal.BadSignature);
        presign(signerOf(leg), hashOf(batch, leg));
        sealOne(batch);
        refused(batch, Leg.Request, Refusal.CancelledOrFilled);
    }

    function test_sealsForASmartAccount() external {
        address wallet = address(new KeyWallet(stranger));
        fund(wallet, FUNDS);
        Batch memory batch = _unsigned(Leg.Request);
        batch.requests[0].order.requester = wallet;
        presign(wallet, hashOf(batch, Leg.Request));
        assertEq(sealOne(batch).payer, wallet, "the account pays");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Batch, IClerk} from "../../../../contracts/interfaces/IClerk.sol";
import {RequestOrder} from "../../../../contracts/types/Orders.sol";
import {Leg, Refusal} from "../../../../contracts/types/Refusals.sol";
import {Deployer} from "../../support/Deployer.sol";
import {Foreign, KeyWallet} from "../../support/Foreign.sol";
import {MarketTest} from "../../support/MarketTest.sol";
import {vm} from "../../support/Vm.sol";

/// seal, signatures
///   given another key's, a malleable, zero, empty or overlong one  it should refuse: BadSignature
///   given 65 or 64 bytes (EIP-2098)                                it should take it
///   given one for another chain or another Clerk                   it should refuse: BadSignature
///   given a smart account that says yes                            it should take it
///   given one that reverts, burns gas, bombs, answers short or anything else, or tries to change state
///                                                                  it should refuse: BadSignature, at a bounded cost
contract SealSignaturesTest is MarketTest {
    uint256 private constant ORDER_OF_CURVE = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    bytes32 private constant YES = bytes32(IERC1271.isValidSignature.selector);

    function _hash(Batch memory batch) private view returns (bytes32) {
        return clerk.hashRequestOrder(batch.requests[0].order);
    }

    function testFuzz_refusesAnotherKey(uint256 key) external {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != REQUESTER_KEY);
        Batch memory batch = batchOf();
        batch.requests[0].signature = signature(key, _hash(batch));
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function test_refusesAnotherKeyOnEachLeg() external {
        Batch memory batch = batchWithDataset();
        bytes memory good = batch.apps[0].signature;
        batch.apps[0].signature = signature(STRANGER_KEY, clerk.hashAppOrder(batch.apps[0].order));
        refused(batch, Leg.App, Refusal.BadSignature);
        batch.apps[0].signature = good;
        good = batch.datasets[0].signature;
        batch.datasets[0].signature = signature(STRANGER_KEY, clerk.hashDatasetOrder(batch.datasets[0].order));
        refused(batch, Leg.Dataset, Refusal.BadSignature);
        batch.datasets[0].signature = good;
        batch.pools[0].signature = signature(STRANGER_KEY, clerk.hashPoolOrder(batch.pools[0].order));
        refused(batch, Leg.Pool, Refusal.BadSignature);
    }

    function test_refusesTheMalleableTwin() external {
        Batch memory batch = batchOf();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(REQUESTER_KEY, digestOf(_hash(batch)));
        batch.requests[0].signature = abi.encodePacked(r, ORDER_OF_CURVE - uint256(s), v == 27 ? uint8(28) : uint8(27));
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function testFuzz_refusesZeros(uint8 length) external {
        Batch memory batch = batchOf();
        batch.requests[0].signature = new bytes(length);
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function test_refusesTheZeroAccount() external {
        Batch memory batch = batchOf();
        batch.requests[0].order.requester = address(0);
        batch.requests[0].signature = new bytes(65);
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function testFuzz_refusesRubbish(bytes calldata rubbish) external {
        Batch memory batch = batchOf();
        batch.requests[0].signature = rubbish;
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function test_refusesAByteTooMany() external {
        Batch memory batch = batchOf();
        batch.requests[0].signature = bytes.concat(batch.requests[0].signature, hex"00");
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function testFuzz_refusesAnyChangedWord(uint8 word, uint16 change) external {
        // Fields that the match or the certifier would notice first are as good; nothing may be sealed.
        vm.assume(change != 0);
        Batch memory batch = batchOf();
        bytes memory order = abi.encode(batch.requests[0].order);
        // Behind the offset of the dynamic struct; the 19th word is the offset of `params`.
        uint256 index = bound(word, 0, 27);
        vm.assume(index != 18);
        assembly {
            let at := add(add(order, 0x40), mul(index, 0x20))
            mstore(at, xor(mload(at), change))
        }
        batch.requests[0].order = abi.decode(order, (RequestOrder));
        vm.prank(broker);
        assertEq(clerk.seal(batch, false), 0, "whatever is changed, the signature covers it");
    }

    function testFuzz_refusesOtherParams(bytes calldata params) external {
        Batch memory batch = batchOf();
        vm.assume(keccak256(params) != keccak256(batch.requests[0].order.params));
        batch.requests[0].order.params = params;
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function test_takes64Bytes() external {
        Batch memory batch = batchOf();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(REQUESTER_KEY, digestOf(_hash(batch)));
        batch.requests[0].signature = abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
        assertEq(sealOne(batch).volume, VOLUME, "sealed");
    }

    function testFuzz_refusesAnotherChains(uint64 chain) external {
        chain = uint64(bound(chain, 1, type(uint64).max - 1));
        vm.assume(chain != block.chainid);
        Batch memory batch = batchOf();
        vm.chainId(chain);
        refused(batch, Leg.Request, Refusal.BadSignature);
    }

    function test_refusesAnotherClerks() external {
        Batch memory batch = batchOf();
        IClerk other = Deployer.clerk(token, registry, keyring, governance);
        vm.prank(governance);
        other.registerCertifier(address(certifier), true);
        vm.prank(broker);
        assertEq(other.seal(batch, false), 0, "not another's");
        assertEq(sealOne(batch).volume, VOLUME, "this one's");
    }

    // ── Smart accounts ───────────────────────────────────────────────────────────────────────────────────────────────

    function _requestOf(address account, bytes memory sig) private returns (Batch memory batch) {
        fund(account, FUNDS);
        batch = batchOf();
        batch.requests[0].order.requester = account;
        batch.requests[0].signature = sig;
    }

    function test_takesASmartAccounts() external {
        address wallet = address(new KeyWallet(stranger));
        Batch memory batch = _requestOf(wallet, "");
        batch.requests[0].signature = signature(REQUESTER_KEY, _hash(batch));
        refused(batch, Leg.Request, Refusal.BadSignature);
        batch.requests[0].signature = signature(STRANGER_KEY, _hash(batch));
        assertEq(sealOne(batch).payer, wallet, "the account pays");
    }

    function test_takesASmartOwners() external {
        address wallet = address(new KeyWallet(stranger));
        transfer(app, appOwner, wallet);
        Batch memory batch = batchOf();
        refused(batch, Leg.App, Refusal.BadSignature);
        batch.apps[0].signature = signature(STRANGER_KEY, clerk.hashAppOrder(batch.apps[0].order));
        assertEq(sealOne(batch).appOwner, wallet, "the account is paid");
    }

    function test_takesLongSignaturesOfSmartAccounts() external {
        Foreign wallet = new Foreign(Foreign.Manner.Word, YES, clerk);
        assertEq(sealOne(_requestOf(address(wallet), new bytes(10_000))).payer, address(wallet), "sealed");
    }

    function testFuzz_refusesAnyOtherAnswer(bytes32 word) external {
        vm.assume(word != YES);
        Foreign wallet = new Foreign(Foreign.Manner.Word, word, clerk);
        refused(_requestOf(address(wallet), ""), Leg.Request, Refusal.BadSignature);
    }

    function test_refusesIllManneredAccounts() external {
        Foreign.Manner[5] memory manners = [
            Foreign.Manner.Short,
            Foreign.Manner.Nothing,
            Foreign.Manner.Revert,
            Foreign.Manner.Burn,
            Foreign.Manner.Reenter
        ];
        for (uint256 i = 0; i < manners.length; ++i) {
            Foreign wallet = new Foreign(manners[i], YES, clerk);
            Batch memory batch = _requestOf(address(wallet), "");
            refused(batch, Leg.Request, Refusal.BadSignature);
            assertEq(clerk.account(address(wallet)).epoch, 0, "it changed nothing");
            uint256 gas = gasleft();
            clerk.seal(batch, false);
            assertLe(gas - gasleft(), 300_000, "its cost is bounded");
        }
    }

    function test_readsOneWordOfABomb() external {
        // A megabyte costs more than the cap by its memory alone.
        Foreign wallet = new Foreign(Foreign.Manner.Bomb, YES, clerk);
        Batch memory batch = _requestOf(address(wallet), "");
        refused(batch, Leg.Request, Refusal.BadSignature);
        uint256 gas = gasleft();
        clerk.seal(batch, false);
        assertLe(gas - gasleft(), 300_000, "its cost is bounded");
    }
}
